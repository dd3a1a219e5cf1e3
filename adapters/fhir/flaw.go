package fhir

import "bellman/adapters/fhirshape"

// The flaws of an appointment that lie in its patient, or in the company it keeps.
const (
	flawNoPatient  fhirshape.Flaw = "no participant is a patient"
	flawWordsOnly  fhirshape.Flaw = "the patient is named in words only"
	flawUnknown    fhirshape.Flaw = "the participant is not in the answer and does not say what it is"
	flawPatient    fhirshape.Flaw = "patient record not available"
	flawSuperseded fhirshape.Flaw = "patient record not available: it answers to another id"
	flawTooMany    fhirshape.Flaw = "patient record not available: too many had to be asked for one by one"
	flawCollision  fhirshape.Flaw = "its id together with the patient's is that of another appointment"
)
