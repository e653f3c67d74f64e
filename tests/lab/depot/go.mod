module modelquay.lab/depot

go 1.26.0
