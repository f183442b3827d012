"""Econometrics of urbanization, from raw public tables to the paper."""

from importlib.metadata import version as _version

__version__ = _version("urbanecon")
