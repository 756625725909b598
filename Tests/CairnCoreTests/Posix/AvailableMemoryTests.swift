import Foundation
import SystemPackage
import Testing

@testable import CairnCore

@Suite struct AvailableMemoryTests {
  @Test func isSomeButNotMoreThanTheMachineHas() {
    let available = availableMemory()
    #expect(available > 1 << 20)
    #expect(available <= ProcessInfo.processInfo.physicalMemory)
  }

  #if os(Linux)
    /// In a process of its own, which it limits.
    @Test func isAtMostTheLimitOfAddressSpace() async {
      await #expect(processExitsWith: .success) {
        var limit = rlimit()
        let addressSpace = __rlimit_resource_t(RLIMIT_AS.rawValue)
        #expect(getrlimit(addressSpace, &limit) == 0)
        limit.rlim_cur = 1 << 30
        #expect(setrlimit(addressSpace, &limit) == 0)
        #expect(availableMemory() <= 1 << 30)
      }
    }

    /// What the kernel shows of a control group in files.
    struct Group: Sendable, CustomTestStringConvertible {
      var limit: String?
      var used: String?
      var statistics: String?
      var left: UInt64?

      var testDescription: String { "\(limit ?? "-") \(used ?? "-") \(statistics ?? "-")" }
    }

    @Test(arguments: [
      Group(left: nil),
      Group(limit: "max", used: "1000", left: nil),
      Group(limit: "5000", used: "1000", left: 4000),
      Group(limit: "5000", used: "5000", left: 0),
      Group(limit: "5000", used: "6000", left: 0),
      Group(limit: "5000", used: "1000", statistics: "anon 1000\nfile 0\n", left: 4000),
      // Cached files are dropped when somebody needs the memory, those of a tmpfs are not.
      Group(
        limit: "5000", used: "4900",
        statistics: "anon 500\nfile 4400\nshmem 400\ninactive_file 3000\nactive_file 1000\n",
        left: 4100),
      Group(limit: "5000", used: "100", statistics: "inactive_file 3000\n", left: 5000),
      Group(limit: "18446744073709551615", used: "0", left: .max),
      Group(limit: "nonsense", used: "1000", left: nil),
      Group(limit: "5000", used: "", left: nil),
      Group(limit: "5000", used: "1000", statistics: "inactive_file \nactive_file x\n", left: 4000),
    ])
    func whatAControlGroupLeaves(group: Group) async throws {
      try await withTemporaryDirectory { folder in
        for (name, content) in [
          ("memory.max", group.limit), ("memory.current", group.used),
          ("memory.stat", group.statistics),
        ] {
          guard let content else { continue }
          try Data((content + "\n").utf8).write(to: URL(filePath: folder.appending(name).string))
        }
        #expect(memoryLeft(inControlGroup: folder.string) == group.left)
      }
    }
  #endif
}
