package main

import "net/http"

// pageHandler is the page of the demo.
func (d *demo) pageHandler() http.Handler {
	mux := http.NewServeMux()
	return mux
}
