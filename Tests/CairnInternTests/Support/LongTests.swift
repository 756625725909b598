import Foundation

/// Tests that take gigabytes or minutes run where the environment asks for them.
let runsLongTests = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1"
