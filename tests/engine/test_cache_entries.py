from farthing.engine.cache_entries import Entry, Run

SECOND = 10**9


def test_an_entry_is_warm_from_when_it_can_be_used_until_its_time_is_over() -> None:
    entry = Entry(300, 0, 2 * SECOND)

    assert [entry.warm(at * SECOND) for at in (1, 2, 300, 301)] == [False, True, True, False]
    entry.use(200 * SECOND)
    assert entry.warm(500 * SECOND)
    entry.use(100 * SECOND)
    assert entry.expires_ns == 500 * SECOND


def test_using_a_branch_uses_its_trunk_up_to_where_it_leaves() -> None:
    trunk = Run(parent=None, branch_depth=0, usable_ns=0)
    trunk.use(depth=9, at_ns=1)
    branch = Run(parent=trunk, branch_depth=4, usable_ns=0)
    branch.use(depth=7, at_ns=5)

    assert [trunk.used_ns(depth) for depth in (4, 5, 9)] == [5, 1, 1]
    assert branch.used_ns(7) == 5
    assert (trunk.last_used_ns, branch.last_used_ns) == (5, 5)
    assert trunk.tip_depth == 9
