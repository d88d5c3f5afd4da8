"""How clients reach the local exchange under the real host names: a certificate authority of one's own."""

from tradewind.gateway.reach.authority import HOSTS, Authority, authority_in, default_folder

__all__ = ["HOSTS", "Authority", "authority_in", "default_folder"]
