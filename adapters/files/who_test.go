package files_test

import (
	"strings"
	"testing"

	"bellman/adapters/files"
	"bellman/gateway"
)

// who is a configuration with every column that says whom not to text.
func who() files.Config {
	c := sheet()
	c.Columns.DateOfBirth, c.Columns.Clinic, c.Columns.Language, c.Columns.Format, c.Columns.Unsafe = "Born", "Clinic", "Language", "Format", "Unsafe"
	return c
}

// told reads a single row with the given words.
func told(t *testing.T, c files.Config, words ...string) gateway.Appointment {
	t.Helper()
	feed := readOf(t, c, "Mobile,Date,Time,Born,Clinic,Language,Format,Unsafe\r\n07700 900001,23/11/2026,09:10,"+strings.Join(words, ",")+"\r\n")
	if len(feed.Appointments) != 1 {
		t.Fatalf("unreadable: %q", whys(feed))
	}
	return feed.Appointments[0]
}

func TestColumnsSayWhomNotToText(t *testing.T) {
	a := told(t, who(), "24/05/2013", "GUM clinic", "Polish", "Braille", "yes")
	p := a.Patient
	if p.Born.AgeOn(a.Start) != gateway.Age11To15 || (gateway.Clinics{}).Class(a.Clinic) != gateway.ClinicSensitive ||
		p.Language != gateway.LanguageOther || p.Needs != gateway.NeedsBraille || p.Restricted != gateway.FlagYes {
		t.Error("not every column is understood")
	}
	a = told(t, who(), "", "", "", "", "")
	p = a.Patient
	if !p.Born.IsZero() || !a.Clinic.IsZero() || p.Language != gateway.LanguageUnsaid || p.Needs != 0 || p.Restricted != gateway.FlagNo {
		t.Error("empty cells say something")
	}
	a = told(t, who(), "05/24/2013", "Flu", "cy", "pigeon", "perhaps")
	p = a.Patient
	if p.Born.AgeOn(a.Start) != gateway.AgeUnclear || p.Language != gateway.LanguageWelsh || p.Needs != gateway.NeedsNotUnderstood || p.Restricted != gateway.FlagUnclear {
		t.Error("what nobody explained was guessed at")
	}
}

func TestWordsOfAFormatAreUnderstoodOneByOne(t *testing.T) {
	c := who()
	c.Formats = map[string]string{"Pigeon": "text", "Via carer": "somebody_else", "SMS": "no_phone"}
	for cell, want := range map[string]gateway.Needs{
		"text": 0, "Large Print": gateway.NeedsLargePrint, "no-telephone-contact": gateway.NeedsNoPhone,
		"braille; interpreter": gateway.NeedsBraille | gateway.NeedsInterpreter, "large print/owl": gateway.NeedsLargePrint | gateway.NeedsNotUnderstood,
		"pigeon": 0, "VIA CARER": gateway.NeedsSomebodyElse, "sms": gateway.NeedsNoPhone,
	} {
		if got := told(t, c, "", "", "", cell, "").Patient.Needs; got != want {
			t.Errorf("%q: %b, want %b", cell, got, want)
		}
	}
}

func TestADateOfBirthNeedsAYearOfFourDigits(t *testing.T) {
	c := who()
	c.Dir, c.DateFormat = t.TempDir(), "DD/MM/YY"
	c.Formats = map[string]string{"Pigeon": "owl"}
	var paths []string
	for _, f := range c.Check(true) {
		paths = append(paths, f.Path)
	}
	if got := strings.Join(paths, " "); got != "formats.Pigeon date_format" {
		t.Errorf("faults at %s", got)
	}
}
