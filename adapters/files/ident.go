package files

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
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
		v.id = printable(id)
	}
	name, _ := l.cell(cells, fieldGivenName)
	switch number := significant(mobile); {
	case hasPatient:
		v.patient = printable(patient)
		if hasID {
			v.id += "-" + v.patient
		}
	case nhs != "":
		v.patient = digest("nhs", nhs)
	case number != "" || name != "":
		v.patient = digest("number", number, strings.ToLower(name))
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
	return digest("visit", who, v.Site, v.day)
}

// digest makes an id of values that may not be printed, which it hides from the
// eye. It does not keep them secret from somebody who tries all numbers there are:
// docs/adapters/files.md advises to map an id.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:20]
}

// plainID is the alphabet of ids that programs make.
var plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$`)

// printable gives an id as it stands when it may be shown to staff and written
// to logs. One that looks like a name (no digit, or letters beyond plain ones) or
// like a number of the NHS or of a telephone (nine digits or more and no letter)
// becomes its digest.
func printable(id string) string {
	digits := len(onlyDigits(id))
	if !plainID.MatchString(id) || digits == 0 || (digits >= 9 && !letters.MatchString(id)) {
		return digest("id", id)
	}
	return id
}

var letters = regexp.MustCompile(`[A-Za-z]`)

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
