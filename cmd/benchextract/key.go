package main

import (
	"bytes"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// newKey makes a key to encrypt to, and gives its armored private part.
func newKey(now time.Time) (openpgp.EntityList, string, error) {
	e, err := openpgp.NewEntity("Extract", "", "extract@example.org", &packet.Config{
		Time: func() time.Time { return now.AddDate(0, 0, -1) }, Algorithm: packet.PubKeyAlgoEdDSA,
	})
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP PRIVATE KEY BLOCK", nil)
	if err == nil {
		err = e.SerializePrivateWithoutSigning(w, nil)
	}
	if err == nil {
		err = w.Close()
	}
	return openpgp.EntityList{e}, b.String(), err
}
