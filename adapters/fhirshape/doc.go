// Package fhirshape reads the FHIR resources that UK clinics' systems have in
// common: Appointment, Patient, their parts, and the Bundle in which they come. It
// takes the shapes of STU3 and R4, of CareConnect, GP Connect, UK Core, PDS and
// the Patient Care Aggregator, as far as a reminder needs them, and says what they
// mean in the gateway's words. It asks nobody: fetching is for the adapters.
//
// Real servers drift from the standard. What can mean only one thing is read all
// the same: an object where a list belongs, a list of one where an object belongs,
// a whole number for an id, null for nothing. What could mean two things is never
// guessed at: it comes out as unknown, unclear or a Flaw, and stops only its own
// record.
package fhirshape
