package tenant

// The texts of status.currentState, in the order in which a new tenant passes
// through them. Most last for milliseconds; only the two that wait are seen by
// somebody who looks every few seconds.
const (
	StateWaitingCertificate  = "Waiting for MinIO TLS Certificate"
	StateProvisioningService = "Provisioning MinIO Cluster IP Service"
	StateProvisioningConsole = "Provisioning Console Service"
	StateProvisioningHL      = "Provisioning MinIO Headless Service"
	StateProvisioningSet     = "Provisioning MinIO Statefulset"
	StateWaitingHealthy      = "Waiting for Tenant to be healthy"
	StateProvisioningBuckets = "Provisioning default buckets"
	StateInitialized         = "Initialized"
)

// The texts that mean that something is wrong. Note what is not among them: a
// bad image, a missing storage class, a missing certificate Secret and too much
// memory all read as StateWaitingHealthy, for ever.
const (
	StateAlreadyExists     = "Another MinIO Tenant already exists in the namespace"
	StateNoCredentials     = "Tenant credentials are not set properly"
	StateNotOwned          = "Statefulset not controlled by operator"
	StateDifferentVersions = "Different versions across MinIO Pools"
)

// Values of status.healthStatus.
const (
	Green  = "green"
	Yellow = "yellow"
	Red    = "red"
)

// Values of status.pools[].state.
const (
	PoolNotCreated  = "PoolNotCreated"
	PoolCreated     = "PoolCreated"
	PoolInitialized = "PoolInitialized"
)

// SyncVersion is the layout version that operator v7.1.1 writes into new tenants.
const SyncVersion = "v6.0.0"
