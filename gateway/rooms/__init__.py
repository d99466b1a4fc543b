"""The rooms of a house, a file for each part of it, put together by plain constructor calls; `app` joins them."""
