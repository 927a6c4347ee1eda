"""The one table of what span attributes are called: a meaning, and every name that some producer gives it.

The newest convention stands first. Spellings as read in the sources of OpenTelemetry's semantic
conventions 1.30 to 1.41 and its GenAI repository, OpenLLMetry 0.62, OpenInference 0.1.42, pydantic-ai 2.68,
AI SDK 4 to 6 and @ai-sdk/otel 1.0, Anthropic's SDK 2.12, Strands 1.62, LiteLLM 1.106, LangSmith 0.15, MLflow
3.17, and in Langfuse's OtelIngestionProcessor (all 2026-11).
"""

from collections.abc import Mapping
from typing import TypeAlias

Names: TypeAlias = tuple[str, ...]

# Counts. Whether the input holds the cached tokens is the producer's matter: see `counts`.
INPUT_TOKENS = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "gen_ai.aggregated_usage.input_tokens",
    "llm.usage.prompt_tokens",
    "input_tokens",
    "input_token_count",
    "mlflow.chat.tokenUsage.input_tokens",
)
OUTPUT_TOKENS = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
    "gen_ai.aggregated_usage.output_tokens",
    "llm.usage.completion_tokens",
    "output_tokens",
    "output_token_count",
    "mlflow.chat.tokenUsage.output_tokens",
)
TOTAL_TOKENS = (
    "gen_ai.usage.total_tokens",
    "llm.token_count.total",
    "ai.usage.totalTokens",
    "ai.usage.tokens",
    "llm.usage.total_tokens",
    "total_token_count",
    "mlflow.chat.tokenUsage.total_tokens",
)
UNCACHED_TOKENS = ("ai.usage.inputTokenDetails.noCacheTokens",)
READ_TOKENS = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cached_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.input_cached_tokens",
    "gen_ai.usage.cached_tokens",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
    "gen_ai.aggregated_usage.cache_read.input_tokens",
    "cache_read_tokens",
    "cached_token_count",
    "cached_content_token_count",
    "mlflow.chat.tokenUsage.cache_read_input_tokens",
)
WRITTEN_TOKENS = (
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_creation_tokens",
    "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
    "gen_ai.aggregated_usage.cache_creation.input_tokens",
    "cache_creation_tokens",
    "mlflow.chat.tokenUsage.cache_creation_input_tokens",
)
WRITTEN_5M_TOKENS = (
    "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
    "gen_ai.usage.details.ephemeral_5m_input_tokens",
)
WRITTEN_1H_TOKENS = (
    "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
    "gen_ai.usage.details.ephemeral_1h_input_tokens",
    "mlflow.chat.tokenUsage.cache_creation_input_tokens_above_1hr",
)
REASONING_TOKENS = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",
    "gen_ai.usage.details.thoughts_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.outputTokenDetails.reasoningTokens",
    "ai.usage.reasoningTokens",
    "llm.usage.reasoning_tokens",
    "reasoning_token_count",
    "thoughts_token_count",
)
COST = ("gen_ai.usage.cost", "operation.cost", "llm.cost.total", "cost_usd", "mlflow.llm.cost.total_cost")

# Who was asked, who answered.
REQUEST_MODEL = (
    "gen_ai.request.model",
    "llm.request.model_name",
    "ai.model.id",
    "langfuse.observation.model.name",
    "mlflow.llm.model",
    "llm.model_name",
    "model_name",
    "model",
)
RESPONSE_MODEL = ("gen_ai.response.model", "llm.response.model_name", "ai.response.model", "llm.model_name")
PROVIDER = (
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
    "ai.model.provider",
    "mlflow.llm.provider",
    "llm.system",
)
HOST = ("server.address",)
RESPONSE_ID = ("gen_ai.response.id", "ai.response.id", "llm.response.id")
TIER = (
    "gen_ai.response.service_tier",
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "anthropic.response.service_tier",
    "speed",
)
FINISH = (
    "gen_ai.response.finish_reasons",
    "llm.finish_reason",
    "ai.response.finishReason",
    "anthropic.message.stop_reason",
    "gen_ai.response.finish_reason",
    "llm.response.finish_reason",
)
ERROR = ("error.type", "exception.type")

# What kind of work a span is.
OPERATION = ("gen_ai.operation.name",)
SPAN_KIND = ("openinference.span.kind", "mlflow.spanType", "langfuse.observation.type", "traceloop.span.kind")
REQUEST_TYPE = ("llm.request.type",)
AI_SDK_OPERATION = ("ai.operationId",)
AGENT_NAME = (
    "gen_ai.agent.name",
    "agent.name",
    "agent_name",
    "ai.telemetry.functionId",
    "traceloop.entity.name",
)

# What belongs together, and whose it is.
SESSION = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "mlflow.trace.session",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.conversation_id",
    "ai.telemetry.metadata.sessionId",
    "langsmith.trace.session_id",
    "langsmith.metadata.thread_id",
    "langsmith.metadata.session_id",
    "langsmith.metadata.conversation_id",
    "conversation.id",
)
LABELS: Mapping[str, Names] = {
    "user": ("user.id", "enduser.id", "langfuse.user.id", "ai.telemetry.metadata.userId", "gen_ai.user"),
    "feature": ("ai.telemetry.functionId", "traceloop.workflow.name"),
    "service": ("service.name",),
    "environment": ("deployment.environment.name", "deployment.environment", "langfuse.environment"),
    "tags": ("langfuse.trace.tags", "tag.tags", "ai.telemetry.metadata.tags"),
}
OWN_LABELS = ("traceloop.association.properties.", "langfuse.trace.metadata.", "ai.telemetry.metadata.")
NOT_LABELS = ("traceloop.association.properties.ls_", "traceloop.association.properties.lc_")

# What was sent and said.
INPUT_MESSAGES = ("gen_ai.input.messages", "ai.prompt.messages")
INDEXED_INPUT = ("llm.input_messages", "gen_ai.prompt")
INPUT_VALUES = (
    "langfuse.observation.input",
    "mlflow.spanInputs",
    "gcp.vertex.agent.llm_request",
    "gen_ai.prompt",
    "input.value",
)
OUTPUT_MESSAGES = ("gen_ai.output.messages",)
INDEXED_OUTPUT = ("llm.output_messages", "gen_ai.completion")
OUTPUT_VALUES = (
    "langfuse.observation.output",
    "mlflow.spanOutputs",
    "gcp.vertex.agent.llm_response",
    "gen_ai.completion",
    "output.value",
)
SYSTEM_INSTRUCTIONS = ("gen_ai.system_instructions",)
TOOL_DEFINITIONS = ("gen_ai.tool.definitions", "ai.prompt.tools", "mlflow.chat.tools")
INDEXED_TOOLS = ("llm.tools", "llm.request.functions")
AI_SDK_TEXT = ("ai.response.text",)
AI_SDK_CALLS = ("ai.response.toolCalls",)
RAW_ANSWER = ("output.value", "gen_ai.completion", "langfuse.observation.output", "mlflow.spanOutputs")
PROVIDER_METADATA = ("ai.response.providerMetadata",)
MAX_OUTPUT_TOKENS = ("gen_ai.request.max_tokens", "gen_ai.request.max_completion_tokens")
OUTPUT_TYPE = ("gen_ai.output.type",)
EFFORT = ("gen_ai.request.reasoning.level", "gen_ai.request.reasoning_effort")
TOOL_CHOICE = ("ai.prompt.toolChoice", "gen_ai.request.tool_choice")
FIRST_TOKEN_S = ("gen_ai.response.time_to_first_chunk",)
FIRST_TOKEN_MS = (
    "ttft_ms",
    "gen_ai.server.time_to_first_token",
    "ai.response.msToFirstChunk",
    "ai.stream.msToFirstChunk",
)
