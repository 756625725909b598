import CairnCore
import SystemPackage
import Testing

@Suite struct IOErrorTests {
  @Test func theTextSaysWhatFailedWhyAndWhatToDo() {
    let error = IOError.systemCall("write to", "/backup/packs", .noSpace)
    #expect(error.code == .systemCall)
    let text = "\(error)"
    #expect(text.hasPrefix("cannot write to /backup/packs: "))
    #expect(text.hasSuffix("; free some space on that file system and try again"))
  }

  @Test func aDetailStandsForTheReasonWhereThereIsNone() {
    let error = IOError(.malformed, operation: "read", subject: "a pack", detail: "it is empty")
    #expect("\(error)" == "cannot read a pack: it is empty")
  }
}
