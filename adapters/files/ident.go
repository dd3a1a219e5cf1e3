package files

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/ident"
)

// identify fills in what tells the row's visit and patient from others. It gives
// the problem of a row that lacks what its file promises.
//
// Visits are known by the id column and the patient's id behind it, so that a
// slot given to somebody else becomes another visit. Without an id column they
// are known by patient, site and day: a visit that moves within its day stays
// the same one.
func (v *visit) identify(l layout, cells []string, nhs, mobile string) string {
	id, hasID := l.cell(cells, fieldID)
	patient, hasPatient := l.cell(cells, fieldPatientID)
	switch {
	case hasID && id == "":
		return "the id is empty"
	case hasPatient && patient == "":
		return "the patient's id is empty"
	}
	if hasID {
		v.id = ident.Shown(id)
	}
	name, _ := l.cell(cells, fieldGivenName)
	switch number := significant(mobile); {
	case hasPatient:
		v.patient = ident.Shown(patient)
		if hasID {
			v.id += "-" + v.patient
		}
	case validNHS(nhs):
		v.patient = ident.Digest("nhs", nhs)
	case number != "" || name != "":
		v.patient = ident.Digest("number", number, strings.ToLower(name))
	}
	v.Patient.ID = gateway.PatientID(v.patient)
	return ""
}

// settle gives every visit its id and makes one of those that stand on several
// rows. Rows of one visit that contradict each other leave it with an unknown
// status: none of them is believed.
func (t *table) settle() []gateway.Appointment {
	t.number()
	var out []gateway.Appointment
	at := map[gateway.AppointmentID]int{}
	repeated := 0
	for _, v := range t.visits {
		i, known := at[v.ID]
		switch {
		case !known:
			at[v.ID] = len(out)
			out = append(out, v.Appointment)
		case out[i] == v.Appointment:
			repeated++
		default:
			out[i].Status = gateway.StatusUnknown
			t.refuse(v.record, "contradicts another row of the same visit")
		}
	}
	if repeated > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d rows only repeat others", repeated))
	}
	return out
}

// number gives visits without an id column theirs. Several of one patient at one
// site on one day are counted by their times, whatever the order of the rows.
func (t *table) number() {
	starts := map[string][]time.Time{}
	for _, v := range t.visits {
		if v.id == "" {
			starts[v.key()] = append(starts[v.key()], v.Start)
		}
	}
	for key, s := range starts {
		slices.SortFunc(s, time.Time.Compare)
		starts[key] = slices.CompactFunc(s, time.Time.Equal)
	}
	for i := range t.visits {
		v := &t.visits[i]
		if v.id != "" {
			v.ID = gateway.AppointmentID(v.id)
			continue
		}
		n, _ := slices.BinarySearchFunc(starts[v.key()], v.Start, time.Time.Compare)
		v.ID = gateway.AppointmentID(fmt.Sprintf("%s-%d", v.key(), n+1))
	}
}

// key tells one patient's visits to one site on one day from all others. Rows by
// which no patient can be told are kept apart by their time.
func (v visit) key() string {
	who := v.patient
	if who == "" {
		who = v.Start.Format(time.RFC3339)
	}
	return ident.Digest("visit", who, v.Site, v.day)
}

// significant gives the digits of a telephone number by which it can be compared
// however it was written: without +44, 0044 or the leading zero.
func significant(s string) string {
	d := strings.TrimLeft(onlyDigits(s), "0")
	if len(d) > 10 {
		d = strings.TrimLeft(strings.TrimPrefix(d, "44"), "0")
	}
	return d
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
