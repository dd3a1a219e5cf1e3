package emis_test

import (
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/adaptertest/worstday"
	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestWhatEveryAdapterMustDo(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) { adaptertest.Run(t, subject(format)) })
	}
}

func TestTheWorstDay(t *testing.T) { worstday.Run(t, subject(emis.FormatXML)) }

func subject(format string) adaptertest.Subject {
	return adaptertest.Subject{
		Name: "emis",
		Can: adaptertest.Abilities{
			Name: true, NHSNumber: true, Deceased: true, Left: true, Mode: true, Born: true, Clinic: true, KeepsIDOnMove: true,
		},
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			return wire(t, d, clock, format)
		},
	}
}

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock, format string) adaptertest.Wire {
	sim := newSim(d, clock)
	return adaptertest.Wire{
		Source: join(t, sim, clock, format),
		Break: func(f adaptertest.Fault) bool {
			faults, ok := faultsFor(f)
			if ok {
				sim.SetFaults(faults)
			}
			return ok
		},
		Secrets: []string{clientSecret},
	}
}

// faultsFor gives the simulator's way to fail. The answer has no pages, so that
// no later one can fail.
func faultsFor(f adaptertest.Fault) (emissim.Faults, bool) {
	switch f {
	case adaptertest.ServerError:
		return emissim.Faults{Status: 500}, true
	case adaptertest.Denied:
		return emissim.Faults{DenyToken: true}, true
	case adaptertest.Truncated:
		return emissim.Faults{Truncate: true}, true
	case adaptertest.NotTheFormat:
		return emissim.Faults{Page: true}, true
	case adaptertest.Hangs:
		return emissim.Faults{SlowMS: 60_000}, true
	case adaptertest.BadRecord:
		return emissim.Faults{FirstDate: adaptertest.Canary}, true
	case adaptertest.SkippedHour:
		return emissim.Faults{FirstDate: "28/03/2027", FirstTime: "01:30"}, true
	case adaptertest.Replayed:
		return emissim.Faults{Cached: true}, true
	case adaptertest.HalfPaged:
	}
	return emissim.Faults{}, false
}
