package fhir

import (
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway/outbound"
)

// tell says how old a page is that came at now: by the headers of the answer and by
// its own word.
func tell(b fhirshape.Bundle, age *outbound.Age, res *outbound.Response, now time.Time) {
	age.Heard(res, now)
	for _, at := range b.Made {
		age.Told(at, now)
	}
}
