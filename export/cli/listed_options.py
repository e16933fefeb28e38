"""Options that take several words: ``--format onnx tflite``."""

from __future__ import annotations

import click

from digit_infer.cli.reporting import ReportingCommand


class ListedOptions(ReportingCommand):
    """A command whose repeatable options also take several words: ``--format onnx tflite``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each word that is a choice of the option before it an option of its own."""
        choices = {
            flag: parameter.type.choices
            for parameter in self.params
            if isinstance(parameter, click.Option) and parameter.multiple and isinstance(parameter.type, click.Choice)
            for flag in parameter.opts
        }
        spread: list[str] = []
        flag, given = "", 0
        for word in args:
            if flag and word in choices[flag]:
                spread += [flag, word]
                given += 1
                continue
            if flag and not given:  # click says what is wrong with the word, or that there is none
                spread.append(flag)
            flag, given = (word, 0) if word in choices else ("", 0)
            if not flag:
                spread.append(word)
        if flag and not given:
            spread.append(flag)
        return super().parse_args(ctx, spread)
