package hl7

import (
	"regexp"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
)

// event is what kind of news a message brings.
type event uint8

const (
	eventUnknown event = iota
	// Of an appointment (HL7 v2 chapter 10).
	eventBooked    // S12: a new booking; S13: another time. It is booked
	eventChanged   // S14: something else; not a word about whether it is booked, unless a status says so
	eventCancelled // S15 cancelled, S16 the rest of a series stops, S17 entered in error
	eventMissed    // S26
	eventResource  // S18 to S22: clinicians and rooms. Only what is said of the patient counts
	eventNothing   // S23 to S25, S27, and links of patients: nothing that a reminder depends on
	// Of a patient (chapter 3).
	eventPatient // whatever carries a PID as it now stands
	eventAdded   // A28: the person is added, again maybe
	eventRemoved // A23, A29: the person is taken out
	eventMerged  // MRG-1 goes up in PID-3, or is another id of the same person now
	eventMixed   // something moves from one patient to another; a person must look
)

// visitEvents and patientEvents are the trigger events that have a meaning of
// their own here. Every other A01 to A99 carries a patient as he or she now stands.
var (
	visitEvents = map[string]event{
		"S12": eventBooked, "S13": eventBooked, "S14": eventChanged,
		"S15": eventCancelled, "S16": eventCancelled, "S17": eventCancelled, "S26": eventMissed,
		"S18": eventResource, "S19": eventResource, "S20": eventResource, "S21": eventResource, "S22": eventResource,
		"S23": eventNothing, "S24": eventNothing, "S25": eventNothing, "S27": eventNothing,
	}
	patientEvents = map[string]event{
		"A28": eventAdded, "A23": eventRemoved, "A29": eventRemoved,
		"A18": eventMerged, "A30": eventMerged, "A34": eventMerged, "A36": eventMerged, "A39": eventMerged, "A40": eventMerged,
		"A46": eventMerged, "A47": eventMerged,
		"A43": eventMixed, "A45": eventMixed,
		// Two patients in one message: beds that are swapped, records that are linked
		// and unlinked. Neither's own data are the point of it.
		"A17": eventNothing, "A24": eventNothing, "A37": eventNothing,
	}
)

var anyPatientEvent = regexp.MustCompile(`^A\d\d$`)

// kind is what a message is by MSH-9, or EVN-1 where that names no event.
type kind struct {
	event event
	// name is such as "SIU^S12", for messages of a kind that is known; else empty.
	name    string
	ofVisit bool
	// opens: S12 and S13 cannot do without a start.
	opens bool
}

func kindOf(m *message.Message) kind {
	what := m.Header().Field(9).Part()
	code, trigger := what.Part(1).Text(), what.Part(2).Text()
	if trigger == "" {
		evn, _ := m.Segment("EVN")
		trigger = evn.Field(1).Part().Text()
	}
	switch code {
	case "SIU":
		if e, ok := visitEvents[trigger]; ok {
			return kind{e, code + "^" + trigger, true, trigger == "S12" || trigger == "S13"}
		}
	case "ADT":
		if e, ok := patientEvents[trigger]; ok {
			return kind{e, code + "^" + trigger, false, false}
		}
		if anyPatientEvent.MatchString(trigger) {
			return kind{eventPatient, code + "^" + trigger, false, false}
		}
	}
	return kind{}
}

// status gives what an event says of whether the patient is expected.
func (e event) status() gateway.Status {
	switch e {
	case eventCancelled:
		return gateway.StatusCancelled
	case eventMissed:
		return gateway.StatusMissed
	default:
		return gateway.StatusBooked
	}
}
