"""Stages of an answer: also those in other threads, and none of other requests."""

import re

import anyio

from api.stage_times import measured, server_timing, stage


def test_stages_of_threads_are_counted_each_for_its_own_request():
    async def ask(name: str, found: dict[str, dict[str, float]]) -> None:
        with measured() as times:
            await anyio.to_thread.run_sync(work, name)
        found[name] = times

    def work(name: str) -> None:
        for _ in range(2):
            with stage(name):
                pass

    async def both() -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, "embed", found)
            tasks.start_soon(ask, "search", found)
        return found

    found = anyio.run(both)
    assert {name: list(times) for name, times in found.items()} == {
        "embed": ["embed", "total"],
        "search": ["search", "total"],
    }
    assert re.fullmatch(r"embed;dur=\d+\.\d, total;dur=\d+\.\d", server_timing(found["embed"]))


def test_outside_of_a_request_nothing_is_counted():
    with stage("embed"):
        pass
    with measured() as times:
        pass
    assert list(times) == ["total"]
