"""A self-hosted running log: one application in packages that know each other's front doors only."""
