"""Everything that is tested, by the package that it tests."""
