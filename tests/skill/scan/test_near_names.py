import pytest

from skillyard.skill.scan.dependencies.near_names import imitated_by


@pytest.mark.parametrize(
    ("name", "ecosystem", "original"),
    [
        ("reqeusts", "pypi", "requests"),
        ("requets", "pypi", "requests"),
        ("numpi", "pypi", "numpy"),
        ("python-dateutils", "pypi", "python-dateutil"),
        ("pythondateutil", "pypi", "python-dateutil"),
        ("Urlib3", "pypi", "urllib3"),
        ("lodahs", "npm", "lodash"),
        ("crossenv", "npm", "cross-env"),
        ("raect", "npm", "react"),
        ("r\u0435quests", "pypi", "requests"),
    ],
)
def test_names_one_edit_away_from_a_popular_package_are_told(name, ecosystem, original):
    assert imitated_by(name, ecosystem) == original


@pytest.mark.parametrize(
    ("name", "ecosystem"),
    [
        ("requests", "pypi"), ("Requests", "pypi"), ("python_dateutil", "pypi"), ("requests-html", "pypi"),
        ("types-requests", "pypi"), ("yaml", "pypi"), ("boto", "pypi"), ("elasticsearch8", "pypi"), ("pandas2", "pypi"),
        ("beautifulsoup", "pypi"), ("my-own-tool", "pypi"), ("", "pypi"), ("a" * 5000, "pypi"),
        ("react", "npm"), ("preact", "npm"), ("@types/react", "npm"), ("lodash-es", "npm"), ("chalk2", "npm"),
    ],
)  # fmt: skip
def test_popular_real_and_unlike_names_are_not(name, ecosystem):
    assert imitated_by(name, ecosystem) is None
