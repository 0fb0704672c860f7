"""How a word ends: whatever happens, in one clear message and an exit code of the table."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from bootstrap.options import LANG, say
from bootstrap.safety.damaged import restart_if_damaged
from bootstrap.safety.interrupt import interrupted
from doctor.errors import Exit, Trouble
from doctor.text import Text


def run(cli: click.Group) -> None:
    """Run the word that the command line names."""
    _open_what_is_closed()
    try:
        cli.main(prog_name="groundwork", standalone_mode=False)
    except Trouble as trouble:
        _tell(trouble)
        sys.exit(int(trouble.code))
    except click.ClickException as error:
        _tell(_usage(error, _word(cli)))
        sys.exit(int(Exit.USAGE))
    except (KeyboardInterrupt, click.Abort):
        _tell(interrupted(_word(cli)))
        sys.exit(int(Exit.INTERRUPTED))
    except Exception as error:
        if disk := _of_the_disk(error):
            _tell(disk)
            sys.exit(int(disk.code))
        restart_if_damaged()
        _tell_defect()
        sys.exit(int(Exit.DEFECT))


def _open_what_is_closed() -> None:
    """Where nobody listens Python has None: print would then take the other stream, and programs that we start odd files."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            hole = os.open(os.devnull, os.O_RDWR)
            if hole != number:
                os.dup2(hole, number)
                os.close(hole)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _tell(trouble: Trouble) -> None:
    """To the person; with --json to the program that asked, too."""
    print(f"✗ {trouble.message.get(LANG)}", file=sys.stderr)
    if trouble.hint:
        print(f"  {trouble.hint.get(LANG)}", file=sys.stderr)
    if "--json" in sys.argv:
        from doctor.report.envelope import emit, refusal

        emit(refusal(trouble, LANG))


def _of_the_disk(error: Exception) -> Trouble | None:
    """What is written outside of steps, as the settings that are kept, may find the disk full too."""
    if not isinstance(error, OSError):
        return None
    from bootstrap.safety import no_room
    from doctor.goal.settings import groundwork_home

    return no_room.of_error(error, (Path(groundwork_home()),))


def _word(cli: click.Group) -> str:
    return next((word for word in sys.argv[1:] if word in cli.commands), "")


def _usage(error: click.ClickException, word: str) -> Trouble:
    """What click says of wrong words, with where to look them up."""
    said = error.format_message()
    look = " ".join(("sh scripts/setup.sh", *word.split(), "--help"))  # groundwork is on no PATH
    return Trouble(Text(said, f"用法错误：{said}"), Exit.USAGE, Text(f"see: {look}", f"参见：{look}"))


def _tell_defect() -> None:
    import traceback

    print(
        say("✗ A defect of ours. Please report this text:", "✗ 程序缺陷。请反馈以下内容："), file=sys.stderr
    )
    print("```", file=sys.stderr)
    print(f"groundwork {' '.join(sys.argv[1:])}\n{traceback.format_exc()}```", file=sys.stderr)
