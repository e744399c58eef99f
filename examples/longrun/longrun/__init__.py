"""A self-hosted running log, in packages that know each other's front doors only."""
