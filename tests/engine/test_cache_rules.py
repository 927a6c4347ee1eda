from farthing.engine.cache_rules import UNKNOWN, Placement, rules_for


def test_minimums_follow_the_table() -> None:
    expected = {
        "claude-opus-4-5-20251101": 4_096,
        "claude-haiku-4-5": 4_096,
        "claude-opus-4-7": 2_048,
        "claude-3-5-haiku-20241022": 2_048,
        "claude-opus-5": 512,
        "claude-sonnet-5-5": 512,
        "claude-sonnet-5": 1_024,
        "claude-opus-4-8": 1_024,
        "claude-3-5-sonnet-20241022": 1_024,
    }
    assert {model: rules_for("anthropic", model).minimum_tokens for model in expected} == expected
    assert rules_for("aws.bedrock", "anthropic.claude-opus-4-7").minimum_tokens == 4_096


def test_every_row_names_its_source() -> None:
    for model in ("claude-opus-5", "gpt-4.1", "gpt-6-sol", "deepseek-chat", "gemini-3.5-flash"):
        rules = rules_for("", model)
        assert rules.placement is not Placement.NOWHERE
        assert "20" in rules.source


def test_an_open_model_under_another_name_is_no_openai_model() -> None:
    assert rules_for("groq", "openai/gpt-oss-120b") is UNKNOWN
