"""The suites of this folder are imported by test modules: their asserts tell as much as a test's own."""

import pytest

pytest.register_assert_rewrite("tests.contract.store", "tests.contract.store_contract")
