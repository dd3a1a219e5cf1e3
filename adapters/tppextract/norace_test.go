//go:build !race

package tppextract_test

const raced = false
