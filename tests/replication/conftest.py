"""A synthetic project, and its package."""

from __future__ import annotations

from pathlib import Path

import pytest
from replication import tiny_project

from urbanecon.project import Project
from urbanecon.replication.package import write_package


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project.make(tmp_path / "project")


@pytest.fixture
def package(project: Project, tmp_path: Path) -> Path:
    folder, _ = write_package(project, tmp_path / "package")
    return folder
