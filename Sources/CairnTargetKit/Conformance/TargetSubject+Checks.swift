extension TargetSubject {
  /// The promises, and how each is examined.
  static let checks: [(promise: String, check: Check)] = [
    ("it has a name, and its spool directory can be used", { try await $0.checkProperties() }),
    ("what was put is read whole, and its size is told", { try await $0.checkBlobs() }),
    ("an empty blob is a blob", { try await $0.checkEmptyBlob() }),
    ("a large blob comes back whole and in parts", { try await $0.checkLargeBlob() }),
    ("a blob from a temporary file is one like any other", { try await $0.checkSpooledBlob() }),
    ("a range gives its bytes, cut to the blob", { try await $0.checkRanges() }),
    ("a blob may have any name that is allowed", { try await $0.checkNames() }),
    ("what is not there is missing", { try await $0.checkMissing() }),

    ("the same bytes may be put again", { try await $0.checkSameBytes() }),
    ("other bytes are a conflict and change nothing", { try await $0.checkOtherBytes() }),
    ("a put is found by every call after it", { try await $0.checkReadAfterWrite() }),
    ("a deletion is found by every call after it", { try await $0.checkDeletion() }),
    ("a refused deletion changes nothing", { try await $0.checkRefusedDeletion() }),
    ("a refused put leaves nothing", { try await $0.checkRefusedPut() }),
    ("a put whose source fails leaves nothing", { try await $0.checkFailingSource() }),

    ("listings are sorted and end where they should", { try await $0.checkListing() }),
    ("thousands of names are listed in pages", { try await $0.checkLongListing() }),
    ("a listing has what stays while others come and go", { try await $0.checkChangingListing() }),

    ("a blob shows whole or not at all while it is put", { try await $0.checkAtomicity() }),
    ("of equal puts at once all succeed", { try await $0.checkEqualPuts() }),
    ("of different puts at once one succeeds", { try await $0.checkDifferentPuts() }),
    ("calls of many tasks do not disturb one another", { try await $0.checkManyTasks() }),
    ("a cancelled call ends", { try await $0.checkCancelledCalls() }),
    ("a cancelled put leaves the whole blob or nothing", { try await $0.checkCancelledPuts() }),

    ("what is opened again shows what was put", { try await $0.checkOpenedAgain() }),
    ("what is not a blob is left alone", { try await $0.checkStrangers() }),
  ]
}
