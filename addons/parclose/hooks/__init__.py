"""Where mitmproxy is known: the addons, and every override of its private parts."""
