"""What the tests of images share."""

from collections.abc import Mapping

import pytest

from tests.deploy.dockerfiles import IMAGES
from tests.deploy.images import Image, build


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Image]:
    """What each image would hold, by name; made once for a worker."""
    return {name: build(name, tmp_path_factory.mktemp(name)) for name in IMAGES}
