package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"bellman/gateway"
)

// formatVersion is the first byte of every record, so that a later format can
// be told from this one.
const formatVersion = '1'

// headFixed is the length of a record's head before its list of rules.
const headFixed = 30

// maxRules bounds the rules of a head, so that its length fits one byte.
const maxRules = 100

func appendHead(h gateway.Head, b []byte) []byte {
	b = append(b, formatVersion)
	b = append(b, h.Digest[:]...)
	b = append(b, seconds(h.Start)...)
	b = append(b, seconds(h.FirstSeen)...)
	b = append(b, h.Tag[:]...)
	b = append(b, byte(len(h.Rules)))
	for _, r := range h.Rules {
		b = binary.BigEndian.AppendUint16(b, r.Code())
	}
	return b
}

var errRecord = errors.New("a record in Redis is damaged")

func parseHead(b []byte) (gateway.Head, int, error) {
	if len(b) < headFixed || b[0] != formatVersion {
		return gateway.Head{}, 0, errRecord
	}
	n := headFixed + 2*int(b[29])
	if len(b) < n {
		return gateway.Head{}, 0, errRecord
	}
	h := gateway.Head{Start: fromSeconds(b[9:13]), FirstSeen: fromSeconds(b[13:17])}
	copy(h.Digest[:], b[1:9])
	copy(h.Tag[:], b[17:29])
	for i := headFixed; i < n; i += 2 {
		h.Rules = append(h.Rules, gateway.RuleFromCode(binary.BigEndian.Uint16(b[i:])))
	}
	return h, n, nil
}

func seconds(t time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(t.Unix()))
}

func fromSeconds(b []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
}

// The fifth byte holds what is one bit each, and what came later: whether the
// clinical system reminds by itself, which in older records is 0, not said. A flag
// of a later version becomes 3, which is no flag that anybody sends on.

// encodeFacts packs what is sealed of an appointment. The patient's NHS number is not
// among it, and of the name only what a text greets by, where the practice wants it.
func encodeFacts(f gateway.Facts) []byte {
	a, p := f.Appointment, f.Appointment.Patient
	b := make([]byte, 0, 96)
	b = append(b, formatVersion, byte(a.Status), byte(a.StartDoubt), byte(a.Mode), bit(f.Merged)|bit(f.OffList)<<1|min(byte(a.Reminded), 3)<<2,
		byte(p.Deceased), byte(p.Left), byte(p.Declined), byte(p.Restricted), byte(p.MobileKind), byte(f.Standing))
	for _, s := range []string{p.Mobile.Reveal(), string(a.ID), string(p.ID), a.Site, a.Version} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return appendJudged(appendGreeting(appendWho(b, f), p.Greeting), a.Judged)
}

// What came later still stands behind all this in sections, each with a letter and
// its length, so that a version passes over those it does not know. A section of
// which nothing is said is left out: older records read as that, and a practice
// whose system tells nothing new has no record written anew.
const (
	sectionWho      = 'w'
	sectionClinic   = 'c'
	sectionGreeting = 'n'
)

// appendWho packs what deciding whom to text needs: never the name of a clinic nor
// a date of birth, only what follows from them.
func appendWho(b []byte, f gateway.Facts) []byte {
	a := f.Appointment
	who := []byte{byte(a.Class), byte(a.Age), byte(a.Patient.Needs), byte(a.Patient.Language), bit(f.Shared)}
	if bytes.Equal(who, make([]byte, len(who))) {
		return b
	}
	b = binary.AppendUvarint(append(b, sectionWho), uint64(len(who)))
	return append(b, who...)
}

// appendGreeting packs the name that a text greets by.
func appendGreeting(b []byte, n gateway.Name) []byte {
	if n.IsZero() {
		return b
	}
	name := n.Reveal()
	b = binary.AppendUvarint(append(b, sectionGreeting), uint64(len(name)))
	return append(b, name...)
}

// appendJudged packs what was found when the clinic was compared with those about
// which the number wants no texts. Most numbers have none, and then it is left out.
func appendJudged(b []byte, j gateway.ClinicJudged) []byte {
	if j.List == (gateway.Digest{}) {
		return b
	}
	b = append(append(b, sectionClinic, byte(len(j.List)+1)), j.List[:]...)
	return append(b, bit(j.Out))
}

// takeSections reads the sections behind a record.
func takeSections(b []byte, f *gateway.Facts) {
	for len(b) > 1 {
		n, w := binary.Uvarint(b[1:])
		if w <= 0 || n > uint64(len(b)-1-w) {
			return
		}
		a := &f.Appointment
		switch section := b[1+w : 1+w+int(n)]; {
		case b[0] == sectionWho && n >= 5:
			a.Class, a.Age = gateway.ClinicClass(section[0]), gateway.AgeBand(section[1])
			a.Patient.Needs, a.Patient.Language = gateway.Needs(section[2]), gateway.Language(section[3])
			f.Shared = section[4]&1 != 0
		case b[0] == sectionGreeting:
			a.Patient.Greeting = gateway.NewName(string(section))
		case b[0] == sectionClinic && int(n) == len(a.Judged.List)+1:
			copy(a.Judged.List[:], section)
			a.Judged.Out = section[n-1] != 0
		}
		b = b[1+w+int(n):]
	}
}

func decodeFacts(b []byte, start time.Time) (gateway.Facts, error) {
	if len(b) < 11 || b[0] != formatVersion {
		return gateway.Facts{}, errRecord
	}
	f := gateway.Facts{Merged: b[4]&1 != 0, OffList: b[4]&2 != 0, Standing: gateway.Reason(b[10])}
	a := &f.Appointment
	a.Start = start
	a.Status, a.StartDoubt, a.Mode = gateway.Status(b[1]), gateway.Doubt(b[2]), gateway.Mode(b[3])
	a.Reminded = gateway.Flag(b[4] >> 2 & 3)
	p := &a.Patient
	p.Deceased, p.Left, p.Declined, p.Restricted = gateway.Flag(b[5]), gateway.Flag(b[6]), gateway.Flag(b[7]), gateway.Flag(b[8])
	p.MobileKind = gateway.NumberKind(b[9])
	rest := b[11:]
	var parts [5]string
	for i := range parts {
		n, w := binary.Uvarint(rest)
		if w <= 0 || n > uint64(len(rest)-w) {
			return gateway.Facts{}, errRecord
		}
		parts[i], rest = string(rest[w:w+int(n)]), rest[w+int(n):]
	}
	p.Mobile = gateway.NewPhone(parts[0])
	a.ID, p.ID = gateway.AppointmentID(parts[1]), gateway.PatientID(parts[2])
	a.Site, a.Version = parts[3], parts[4]
	takeSections(rest, &f)
	return f, nil
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
