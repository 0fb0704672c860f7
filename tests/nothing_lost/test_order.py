"""What comes over the line, and when: read off the journal of a whole run."""

from __future__ import annotations

from tests.nothing_lost.world import World


def test_python_comes_first_torch_last_of_it_and_then_the_models(world: World) -> None:
    world.forget()
    said = world.run()
    assert said.code == 0, said.text
    events = [(event["event"], event.get("step")) for event in world.journal()]
    on_the_line = ("packages", "torch", "models")
    assert [name for what, name in events if what == "step-start" and name in on_the_line] == [*on_the_line]
    assert events.index(("step-end", "packages")) < events.index(("step-start", "torch"))
    assert events.index(("step-end", "models")) < events.index(("step-start", "smoke"))
