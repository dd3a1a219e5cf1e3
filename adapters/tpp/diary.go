package tpp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/born"
	"bellman/gateway/ident"
	"bellman/gateway/meeting"
)

// Why a part of the diary cannot be used, in words for the practice.
var (
	errNoPatient = errors.New("the patient has no identifier of SystmOne's that may be kept")
	errNoStart   = errors.New("the start is not readable")
	errBadUID    = errors.New("the appointment's UID is not readable")
)

// visit is one appointment of the diary with what it takes to ask for its patient.
type visit struct {
	gateway.Appointment
	who       identity
	firstName string
}

// gone reports whether a look did not find the visit at all.
func (v visit) gone() bool { return v.Status == gateway.StatusCancelled && v.who == (identity{}) }

// uidOf gives SystmOne's own id of an appointment. It reports false for one that we
// made of where and when the visit is.
func uidOf(id gateway.AppointmentID) (string, bool) {
	uid, _, ok := strings.Cut(string(id), "-")
	return uid, ok && !strings.HasPrefix(uid, madeUp)
}

// diary asks for the appointments of a stretch of one wall clock.
func (s *session) diary(ctx context.Context, from, to time.Time) ([]result, error) {
	b, err := s.ask(ctx, question{fnDiary, parameters{
		MinDateTime: writeWall(from), MaxDateTime: writeWall(to), Appointments: &present{},
	}})
	if err != nil {
		return nil, fmt.Errorf("read the diary: %w", err)
	}
	return b.Results, nil
}

// day asks for one London day. Whether the end of a stretch counts is not
// published; no visit begins in a day's last second.
func (s *session) day(ctx context.Context, day time.Time) ([]result, error) {
	return s.diary(ctx, day, day.AddDate(0, 0, 1).Add(-time.Second))
}

// visits reads the visits of an answer. Those that cannot be read are handed to
// bad, with where they stand.
func visits(results []result, where string, bad func(gateway.Unreadable)) []visit {
	var out []visit
	for i, r := range results {
		patient, ok := patientID(r.Identity)
		for j, one := range r.Appointments {
			v, err := readVisit(one)
			if !ok {
				err = errNoPatient
			}
			if err != nil {
				bad(gateway.Unreadable{Where: fmt.Sprintf("%s, patient %d, appointment %d", where, i+1, j+1), Why: err.Error()})
				continue
			}
			v.ID += gateway.AppointmentID("-" + string(patient))
			v.Patient.ID, v.who, v.firstName = patient, r.Identity, trim(r.Demographics.FirstName)
			v.Patient.Born = born.Read(r.Demographics.DateOfBirth, time.DateOnly)
			out = append(out, v)
		}
	}
	return out
}

// plainID is what an identifier may look like that we keep and show.
var plainID = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// patientID gives the identifier that joins SystmOne's answers and is no NHS
// number.
func patientID(i identity) (gateway.PatientID, bool) {
	id := trim(i.Strategic)
	known := squeeze(i.NHSNumber)
	return gateway.PatientID(id), plainID.MatchString(id) && id != known
}

// readVisit reads a visit; the patient is still to be put in.
func readVisit(a appointment) (visit, error) {
	start, doubt, ok := parseWall(a.Clinic.Slot.Start)
	if !ok {
		return visit{}, errNoStart
	}
	id, err := visitID(a, start)
	if err != nil {
		return visit{}, err
	}
	return visit{Appointment: gateway.Appointment{
		ID: gateway.AppointmentID(id), Start: start, StartDoubt: doubt,
		Site: trim(a.Clinic.SiteName), Status: status(a.Status),
		Mode:   meeting.ModeOf(append(a.Flags, a.Clinic.Slot.SlotType)...),
		Clinic: gateway.NewClinicName(append([]string{a.Clinic.ClinicType, a.Clinic.Slot.SlotType}, a.Flags...)...),
	}}, nil
}

// madeUp begins the ids that we make ourselves. SystmOne's are hexadecimal.
const madeUp = "x"

// visitID gives SystmOne's id of a visit or, where it gives none, one made of whose
// clinic it is, where and when. A visit that moves then has another.
func visitID(a appointment, start time.Time) (string, error) {
	if a.UID == nil || trim(*a.UID) == "" {
		return madeUp + ident.Digest(trim(a.Clinic.UserName), trim(a.Clinic.SiteName), writeWall(start)), nil
	}
	uid := trim(*a.UID)
	if !plainID.MatchString(uid) || strings.HasPrefix(uid, madeUp) {
		return "", errBadUID
	}
	return uid, nil
}

// statusWords are SystmOne's words, as they begin, in lower case.
var statusWords = []struct {
	begin  string
	status gateway.Status
}{
	{"booked", gateway.StatusBooked},
	{"cancelled", gateway.StatusCancelled},
	{"arrived", gateway.StatusArrived},
	{"waiting", gateway.StatusArrived},
	{"in progress", gateway.StatusArrived},
	{"finished", gateway.StatusFinished},
	{"did not attend", gateway.StatusMissed},
	{"patient walked out", gateway.StatusMissed},
}

// status reads a status word. No element means booked: TPP's own example of a
// diary has none. An empty one, and any other word, is StatusUnknown.
func status(word *string) gateway.Status {
	if word == nil {
		return gateway.StatusBooked
	}
	plain := strings.ToLower(strings.Join(strings.Fields(*word), " "))
	for _, w := range statusWords {
		rest, ok := strings.CutPrefix(plain, w.begin)
		if ok && (rest == "" || rest[0] == ' ' && w.status != gateway.StatusBooked) {
			return w.status
		}
	}
	return gateway.StatusUnknown
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
