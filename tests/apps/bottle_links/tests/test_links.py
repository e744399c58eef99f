import links
import shortener


def test_a_link_leads_to_its_target():
    key = shortener.shorten("https://example.org/1")

    links.put(key, "https://example.org/1")

    assert links.target(key) == "https://example.org/1"
    assert shortener.made() >= 1


def test_a_key_that_nobody_made_leads_nowhere():
    assert links.target("?") is None
