"""Provider formats as pure functions: bytes to values and back, no I/O, one module a format.

Every module offers the same names, so that doors and readers need not know which they hold:

    parse(body, memo) -> Request      a request's bytes, block by block, without a tree of objects
    answer(body) -> Response          a complete response body
    fold(chunks) -> Response          a streamed response, in any split of its bytes
"""
