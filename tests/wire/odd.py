"""JSON with the right names in the wrong places: what a format must survive without falling over."""

from hypothesis import strategies as st

NAMES = (
    *("role", "content", "type", "text", "name", "id", "index", "delta", "message", "model", "error"),
    *("tool_calls", "function", "arguments", "tool_call_id", "function_call", "custom", "thinking", "usage"),
    *("prompt_tokens", "prompt_tokens_details", "cached_tokens", "completion_tokens", "total_tokens"),
    *("item", "output", "summary", "encrypted_content", "action", "tools", "output_index", "response"),
    *("parts", "functionCall", "functionResponse", "args", "partialArgs", "thoughtSignature", "thought"),
    *("candidates", "finishReason", "groundingMetadata", "usageMetadata", "promptTokenCount", "x_groq"),
    *("cache_control", "prompt_cache_breakpoint", "ttl", "refusal", "audio", "reasoning_content", "choices"),
)
WORDS = (
    *("user", "assistant", "system", "tool", "model", "", "text", "function", "message", "reasoning"),
    *("function_call", "shell_call", "web_search_call", "response.completed", "response.created", "1h"),
)

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers(-3, 10**6) | FLOATS | st.sampled_from(WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
