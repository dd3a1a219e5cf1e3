package pds

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"

	"bellman/adapters/pds/pdssim"
)

// reader is an adapter that reads by one rule for numbers.
func reader(rule string) *Adapter {
	return &Adapter{config: Config{Number: rule}, env: gateway.Surroundings{Trial: true}}
}

// The published records: of a woman who died in 2010 and moved to Scotland for a
// while, of another like her, of one whose record is restricted, and of one of whom
// there is nothing but a number. All their ways of contact ended in 2025.
const brailleAndFrench = gateway.NeedsInterpreter | gateway.NeedsBraille

func TestThePublishedRecordsSayWhatTheirDocumentsSay(t *testing.T) {
	while := time.Date(2021, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		file, nhs string
		at        time.Time
		want      truth
	}{
		// French and an interpreter, braille.
		{"Patient.json", "9000000009", today, truth{Deceased: gateway.FlagYes, Needs: brailleAndFrench, Language: gateway.LanguageOther, Born: "2010-10-22"}},
		{"Patient.json", "9000000009", while, truth{Deceased: gateway.FlagYes, Left: gateway.FlagYes, Needs: brailleAndFrench, Language: gateway.LanguageOther, Born: "2010-10-22"}},
		{"Patient-Jayne-Smyth.json", "9000000017", today, truth{Deceased: gateway.FlagYes, Needs: brailleAndFrench, Language: gateway.LanguageOther, Born: "2010-10-22"}},
		{"Sensitive_Patient.json", "9000000025", today, truth{Deceased: gateway.FlagYes, Restricted: gateway.FlagYes, Born: "2010-10-22"}},
		{"Minimal_Patient.json", "9000000033", today, truth{}},
		{"Minimal_Patient.json", "9000000009", today, truth{Unusable: true}},
	} {
		got, err := reader(numberAgree).read(gatewaytest.Sample(t, "pds/"+c.file), c.nhs, c.at)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s on %s: %+v, want %+v (error %v)", c.file, c.at.Format(time.DateOnly), got, c.want, err)
		}
	}
}

func TestASearchResultIsNoPatientsRecord(t *testing.T) {
	for _, file := range []string{"PatientSearch.json", "Sensitive_PatientSearch.json", "Minimal_PatientSearch.json", "PatientCompoundName.json", "RelatedPersonBundle.json"} {
		if _, err := reader(numberAgree).read(gatewaytest.Sample(t, "pds/"+file), "9000000009", today); err == nil {
			t.Errorf("%s was taken for a record", file)
		}
	}
}

func TestTheRecordsOfASearchAreThoseOfARead(t *testing.T) {
	for file, want := range map[string]truth{
		"PatientSearch.json":           {Deceased: gateway.FlagYes, Born: "2010-10-22"},
		"Sensitive_PatientSearch.json": {Deceased: gateway.FlagYes, Restricted: gateway.FlagYes, Born: "2005-06-16"},
		"Minimal_PatientSearch.json":   {},
	} {
		var b struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if json.Unmarshal(gatewaytest.Sample(t, "pds/"+file), &b) != nil || len(b.Entry) != 1 {
			t.Fatalf("%s holds no single record", file)
		}
		var who struct{ ID string }
		if json.Unmarshal(b.Entry[0].Resource, &who) != nil {
			t.Fatal("no id")
		}
		got, err := reader(numberAgree).read(b.Entry[0].Resource, who.ID, today)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, want %+v (error %v)", file, got, want, err)
		}
	}
}

func TestTheSimulatorWritesNothingThatThePublishedRecordsDoNotHave(t *testing.T) {
	published := map[string]string{}
	for _, file := range []string{"Patient.json", "Sensitive_Patient.json"} {
		var v any
		if err := json.Unmarshal(gatewaytest.Sample(t, "pds/"+file), &v); err != nil {
			t.Fatal(err)
		}
		maps.Copy(published, gatewaytest.Places(v))
	}
	s := newExchange(t)
	s.sim.Edit(askedFor, func(r *pdssim.Record) {
		r.Died, r.Exit, r.ExitFrom, r.ExitTo, r.Contact, r.Times, r.Practice = today, "SCT", today, today, "8", "Not after 7pm", "A81001"
		r.Telecom = []pdssim.Telecom{{Use: "mobile", Value: "07700 900201", From: today, To: today}}
	})
	res, err := s.look(t.Context(), askedFor)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(res.Body, &v); err != nil {
		t.Fatal(err)
	}
	simulated := gatewaytest.Places(v)
	for at, kind := range simulated {
		if published[at] != kind {
			t.Errorf("the simulator writes %s at %s, the published records %q", kind, at, published[at])
		}
	}
	if len(simulated) < 20 {
		t.Errorf("only %d places were compared", len(simulated))
	}
}

// recorded is an answer written by hand after the published shapes.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestARecordedAnswerIsReadToTheLetter(t *testing.T) {
	got, err := reader(numberAgree).read(recorded(t, "patient.json"), askedFor, today)
	want := truth{Declined: gateway.FlagYes, Needs: gateway.NeedsNoPhone | gateway.NeedsLargePrint, Born: "1971-05-06", Mobiles: []string{"07700 900201", "+44 7700 900202"}, Murky: true}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v (error %v)", got, want, err)
	}
	if slices.Contains(got.Mobiles, "07700 900203") {
		t.Error("a number of the next of kin was taken")
	}
}
