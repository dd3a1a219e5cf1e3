package gateway

import "strings"

// Valid reports whether this can be an NHS number: ten digits, not all alike, the
// last of which is the check digit by modulus 11 (NHS Data Dictionary, NHS NUMBER).
// It says nothing of whether anybody has it.
func (n NHSNumber) Valid() bool {
	s := n.reveal()
	if len(s) != 10 || strings.Trim(s, s[:1]) == "" {
		return false
	}
	sum := 0
	for i, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		if i < 9 {
			sum += int(c-'0') * (10 - i)
		}
	}
	return (11-sum%11)%11 == int(s[9]-'0')
}
