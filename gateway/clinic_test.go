package gateway_test

import (
	"testing"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// TestSensitiveClinicsAreKnownByWholeWords is T02 of the hazard log, for the names
// that clinical systems give to clinics and slots.
func TestSensitiveClinicsAreKnownByWholeWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]gateway.ClinicClass{
		"":                                gateway.ClinicUnsaid,
		"   ":                             gateway.ClinicUnsaid,
		"---":                             gateway.ClinicUnknown,
		"GUM":                             gateway.ClinicSensitive,
		"gum clinic":                      gateway.ClinicSensitive,
		"G.U.M":                           gateway.ClinicSensitive,
		"GUM2 (late)":                     gateway.ClinicSensitive,
		"Gums and teeth":                  gateway.ClinicUnknown,
		"Genito-urinary medicine":         gateway.ClinicSensitive,
		"Sexual Health - walk in":         gateway.ClinicSensitive,
		"HIV/AIDS":                        gateway.ClinicSensitive,
		"Hearing aids":                    gateway.ClinicUnknown,
		"TOP clinic":                      gateway.ClinicSensitive,
		"Top floor clinic":                gateway.ClinicUnknown,
		"Termination of pregnancy":        gateway.ClinicSensitive,
		"Mental health review":            gateway.ClinicSensitive,
		"Environmental health":            gateway.ClinicUnknown,
		"CAMHS":                           gateway.ClinicSensitive,
		"Gender identity service":         gateway.ClinicSensitive,
		"Drug & Alcohol":                  gateway.ClinicSensitive,
		"Domestic   abuse support":        gateway.ClinicSensitive,
		"ＨＩＶ review":                      gateway.ClinicSensitive, // full-width letters
		"Clinig iechyd rhywiol":           gateway.ClinicSensitive,
		"IECHYD MEDDWL":                   gateway.ClinicSensitive,
		"Cam-drin domestig":               gateway.ClinicSensitive,
		"Hunaniaeth Rhywedd":              gateway.ClinicSensitive,
		"Contraceptîon":                   gateway.ClinicSensitive, // accents make no difference
		"Physio rehab":                    gateway.ClinicUnknown,
		"Flu clinic":                      gateway.ClinicUnknown,
		"Routine appointment":             gateway.ClinicUnknown,
		"Dr Termination-Jones, telephone": gateway.ClinicSensitive, // rather once too often
	} {
		if got := (gateway.Clinics{}).Class(gateway.NewClinicName(name)); got != want {
			t.Errorf("%q is of class %d, want %d", name, got, want)
		}
	}
}

func TestAPracticesOwnWordsClassifyItsClinics(t *testing.T) {
	t.Parallel()
	c := gateway.NewClinics([]string{"Blue Room", "Tŷ Hafan"}, []string{"Flu", "Gender reveal scan", "Blue room flu", "Alcohol"})
	for name, want := range map[string]gateway.ClinicClass{
		"blue room":              gateway.ClinicSensitive,
		"The Blue-Room, level 2": gateway.ClinicSensitive,
		"Blueroom":               gateway.ClinicUnknown,
		"TY HAFAN":               gateway.ClinicSensitive,
		"Flu clinic":             gateway.ClinicGeneral,
		"Influenza":              gateway.ClinicUnknown,
		"Blue room flu":          gateway.ClinicSensitive, // their own sensitive words come first
		"Gender reveal scan":     gateway.ClinicGeneral,   // the whole name: the practice speaks for it
		"Gender reveal scan 2":   gateway.ClinicSensitive, // a part of a name does not
		"alcohol":                gateway.ClinicGeneral,
		"Alcohol support":        gateway.ClinicSensitive,
	} {
		if got := c.Class(gateway.NewClinicName(name)); got != want {
			t.Errorf("%q is of class %d, want %d", name, got, want)
		}
	}
}

func TestWhateverStandsAroundASensitiveWordItIsSensitive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.StringMatching(`([A-Za-z]{1,9} ){0,3}`)
		name := around.Draw(t, "before") + rapid.SampledFrom([]string{"GUM", "hiv", "Mental Health", "abortion", "camhs"}).Draw(t, "word") + " " + around.Draw(t, "after")
		general := gateway.NewClinics(nil, []string{"clinic", "review"})
		if got := general.Class(gateway.NewClinicName(name)); got != gateway.ClinicSensitive {
			t.Fatalf("%q is of class %d", name, got)
		}
	})
}

func TestAPracticeSpeaksForOneOfSeveralWordsOfASource(t *testing.T) {
	t.Parallel()
	c := gateway.NewClinics([]string{"Blue room"}, []string{"Gender reveal scan", "Flu"})
	for want, names := range map[gateway.ClinicClass][]gateway.ClinicName{
		gateway.ClinicGeneral: {
			gateway.NewClinicName("Session", "Gender reveal scan"), gateway.NewClinicName("Gender reveal scan", "Flu clinic"),
			gateway.NewClinicName("Session", "Flu clinic"), gateway.NewClinicName("Session; Gender reveal scan"),
		},
		gateway.ClinicSensitive: {
			gateway.NewClinicName("Gender reveal scan", "GUM"), gateway.NewClinicName("Flu", "Gender reveal scan 2"),
			gateway.NewClinicName("Blue room", "Flu"), gateway.NewClinicName("The blue", "room"),
			gateway.NewClinicName("Mental", "Health"),
		},
		gateway.ClinicUnknown: {gateway.NewClinicName("Session", "Slot")},
	} {
		for _, n := range names {
			if got := c.Class(n); got != want {
				t.Errorf("a name of class %d is of class %d", want, got)
			}
		}
	}
}

func TestSeveralWordsOfASourceAreOneName(t *testing.T) {
	t.Parallel()
	if got := (gateway.Clinics{}).Class(gateway.NewClinicName("Telephone", "", " CAMHS ")); got != gateway.ClinicSensitive {
		t.Errorf("of class %d", got)
	}
	if !gateway.NewClinicName("", " ").IsZero() {
		t.Error("nothing said is a name")
	}
}
