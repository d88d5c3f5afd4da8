"""What is left out while a trading process starts is there as soon as it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.live_runs import SOURCE


def told(code: str) -> str:
    lean = f"import sys; sys.path.insert(0, {SOURCE!r})\nfrom tradewind.lean import load_lean\nload_lean()\n"
    done = subprocess.run([sys.executable, "-c", lean + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_client_is_made_of_the_venues_that_it_is_made_of_and_no_others() -> None:
    code = (
        "import ccxt.pro\n"
        "client = ccxt.pro.binanceusdm({})\n"
        "assert isinstance(client, ccxt.pro.binance) and isinstance(client, ccxt.async_support.Exchange)\n"
        "assert ccxt.async_support.binance is not ccxt.binance\n"
        "import ccxt.base.errors\n"
        "assert ccxt.NetworkError is ccxt.pro.NetworkError is ccxt.base.errors.NetworkError\n"
        "assert not hasattr(ccxt, 'nobody') and ccxt.__version__\n"
        "print([m for m in sys.modules if m.startswith('ccxt.') and 'kraken' in m])"
    )
    assert told(code) == "[]"


def test_every_name_is_the_same_as_without() -> None:
    names = (
        "import ccxt, ccxt.pro, ccxt.async_support\n"
        "for package in (ccxt, ccxt.pro, ccxt.async_support):\n"
        "    for name in (*package.exchanges, 'exchanges', 'NetworkError', 'TICK_SIZE', '__version__', 'Exchange'):\n"
        "        print(package.__name__, name, getattr(package, name, None))\n"
    )
    plain = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True, check=True)
    assert told(names) == plain.stdout.strip()


@pytest.mark.parametrize("first", ["", "import scipy.special\n"])
def test_a_kernel_may_multiply_matrices(first: str) -> None:
    code = (
        "import numba, numpy as np\n"
        "assert 'scipy' not in sys.modules\n"
        f"{first}"
        "product = numba.njit(lambda a, b: np.dot(a, b))(np.eye(2) * 3, np.eye(2))\n"
        "import numba.np.arraymath\n"
        "print(product.sum(), numba.np.arraymath._HAVE_BLAS)"
    )
    assert told(code) == "6.0 True"
