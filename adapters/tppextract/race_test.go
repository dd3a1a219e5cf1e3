//go:build race

package tppextract_test

// raced: the race detector multiplies time and memory, so that neither says
// anything of the program.
const raced = true
