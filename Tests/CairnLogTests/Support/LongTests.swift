import Foundation

/// `CAIRN_LONG_TESTS=1` asks for every cut and longer models; without it tests take seconds.
let runsLongTests = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1"
