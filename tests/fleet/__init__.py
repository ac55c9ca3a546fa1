"""All services as real processes, any number of each, which a test kills, stops, starts again and asks."""

from tests.fleet.customer import Customer
from tests.fleet.fleet import Fleet, running_fleet
from tests.fleet.member import Member

__all__ = ["Customer", "Fleet", "Member", "running_fleet"]
