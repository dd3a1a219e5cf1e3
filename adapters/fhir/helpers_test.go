package fhir

import (
	"net/http"

	"bellman/gateway/outbound"
)

func answered(status int) *outbound.Response {
	return &outbound.Response{Status: status, Header: http.Header{}}
}
