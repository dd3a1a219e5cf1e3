package fhir

import (
	"net/http"
	"time"

	"bellman/gateway/outbound"
)

// monday is the day of the tests within the package.
var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

func answered(status int) *outbound.Response {
	return &outbound.Response{Status: status, Header: http.Header{}}
}
