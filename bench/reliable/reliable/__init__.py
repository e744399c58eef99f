"""Pages that note every request they answer, and a ledger that notes every call."""
