package emis_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"bellman/adapters/emis"
	"bellman/gateway"
)

const pathFileRecord = "/api/v1/medicalRecord/FileRecord"

// filing gives a stage whose adapter may file entries, and counts what it files.
func filing(t *testing.T, wrap func(http.Handler) http.Handler) (*stage, gateway.PreferenceWriter) {
	t.Helper()
	var c emis.Config
	s := play(t, monday, func(edited *emis.Config) {
		edited.FileRecord = &emis.FileRecord{User: 42, Location: 5}
		c = *edited
	}, wrap)
	source, err := emis.Open(c, gateway.Surroundings{Clock: s.clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	w, ok := source.(gateway.PreferenceWriter)
	if !ok {
		t.Fatal("with file_record it cannot record opt-outs")
	}
	return s, w
}

func TestWithoutFileRecordNothingIsFiled(t *testing.T) {
	c := configFor("http://127.0.0.1:1")
	source, err := emis.Open(c, gateway.Surroundings{Clock: gateway.ClockFunc(nil), Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := source.(gateway.PreferenceWriter); ok {
		t.Error("it can record opt-outs")
	}
	if _, ok := source.(gateway.Canceller); !ok {
		t.Error("it cannot cancel")
	}
}

func TestAnOptOutIsFiledAsTheSchemaHasIt(t *testing.T) {
	s, w := filing(t, nil)
	a := s.one(t)
	if err := w.WriteDeclined(t.Context(), a.Patient); err != nil {
		t.Fatal(err)
	}
	if p, _ := s.diary.Person(1001); !p.Declined {
		t.Error("it does not stand in the patient's record")
	}
	asked := s.asked.To(pathFileRecord)
	if len(asked) != 1 || asked[0].Header.Get("Content-Type") != "application/xml" || asked[0].URL.Query().Get("patientNumber") != string(a.Patient.ID) {
		t.Errorf("asked %d times", len(asked))
	}
}

func TestFilingIsTriedOnceWhateverComesBack(t *testing.T) {
	for _, c := range []struct {
		what    string
		how     func(next http.Handler, w http.ResponseWriter, r *http.Request)
		certain bool
	}{
		{"refused", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, true},
		{"an error of theirs", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, false},
		{"they hang up", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			hangUp(w)
		}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			s, w := filing(t, cutting(pathFileRecord, c.how))
			err := w.WriteDeclined(t.Context(), s.one(t).Patient)
			if err == nil || errors.Is(err, gateway.ErrNotWritten) != c.certain {
				t.Errorf("it says %v", err)
			}
			if n := len(s.asked.To(pathFileRecord)); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestNothingIsFiledForAPatientWhomEMISDoesNotKnow(t *testing.T) {
	s, w := filing(t, nil)
	if err := w.WriteDeclined(t.Context(), gateway.Patient{ID: "77"}); !errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("it says %v", err)
	}
	if len(s.asked.To(pathFileRecord)) != 0 {
		t.Error("it was filed")
	}
}

func TestAFileRecordWithoutNamesIsRefused(t *testing.T) {
	c := configFor("http://127.0.0.1:1")
	c.FileRecord = &emis.FileRecord{Code: "9ndQ"}
	var paths []string
	for _, f := range c.Check(true) {
		paths = append(paths, f.Path)
	}
	if len(paths) != 3 || paths[0] != "file_record.user" || paths[1] != "file_record.location" || paths[2] != "file_record.code" {
		t.Errorf("faults of %v", paths)
	}
}
