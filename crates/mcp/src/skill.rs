//! The skill over MCP (SEP-2640): the files of `prompts/skill/`, as they were when this binary was built, so that what
//! an assistant is taught always fits the tools it has.

use std::sync::LazyLock;

use rmcp::ErrorData;
use rmcp::model::{
    DIRECTORY_MIME_TYPE, GetSkillResult, ReadResourceDirectoryResult, ReadResourceResult, Resource,
    ResourceContents, Skill, SkillFrontmatter, SkillResource, SkillResources,
};

const MARKDOWN: &str = "text/markdown";

macro_rules! file {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../prompts/skill/",
                $path
            )),
        )
    };
}

/// The skill's files, its own page first.
const FILES: &[(&str, &str)] = &[
    file!("SKILL.md"),
    file!("references/safety.md"),
    file!("references/sentences.md"),
    file!("references/tools.md"),
    file!("references/verdicts.md"),
];

static SKILL: LazyLock<Skill> = LazyLock::new(|| {
    let matter = frontmatter();
    let files = FILES
        .iter()
        .map(|(path, text)| SkillResource::from_bytes(uri(path), text.as_bytes()))
        .collect();
    Skill::new(uri("SKILL.md"), matter, SkillResources::Files(files))
});

/// The one skill there is.
pub(crate) fn skill() -> Skill {
    SKILL.clone()
}

pub(crate) fn get(wanted: &str) -> Result<GetSkillResult, ErrorData> {
    if wanted == SKILL.uri {
        Ok(GetSkillResult::new(skill()))
    } else {
        Err(ErrorData::invalid_params("there is no such skill", None))
    }
}

/// The skill's own page, for the list of resources.
pub(crate) fn listed() -> Resource {
    let matter = &SKILL.frontmatter;
    Resource::new(SKILL.uri.clone(), matter.name.clone())
        .with_title("How to release with these tools")
        .with_description(matter.description.clone())
        .with_mime_type(MARKDOWN)
}

/// One of the skill's files.
pub(crate) fn read(wanted: &str) -> Option<ReadResourceResult> {
    let (_, text) = FILES.iter().find(|(path, _)| uri(path) == wanted)?;
    let content = ResourceContents::text(*text, wanted).with_mime_type(MARKDOWN);
    Some(ReadResourceResult::new(vec![content]))
}

/// The files and folders in one of the skill's folders.
pub(crate) fn directory(wanted: &str) -> Result<ReadResourceDirectoryResult, ErrorData> {
    let wanted = wanted.trim_end_matches('/');
    let root = root();
    let of = |folder: &str| -> Vec<Resource> {
        FILES
            .iter()
            .filter_map(|(path, text)| {
                let name = path.strip_prefix(folder)?;
                (!name.contains('/')).then(|| {
                    Resource::new(uri(path), name)
                        .with_mime_type(MARKDOWN)
                        .with_size(text.len() as u64)
                })
            })
            .collect()
    };
    if wanted == root {
        let mut children = of("");
        children.push(Resource::new(uri("references"), "references").with_mime_type(DIRECTORY_MIME_TYPE));
        Ok(ReadResourceDirectoryResult::with_all_items(children))
    } else if wanted == uri("references") {
        Ok(ReadResourceDirectoryResult::with_all_items(of("references/")))
    } else {
        Err(ErrorData::invalid_params("that is no folder of the skill", None))
    }
}

fn root() -> String {
    format!("skill://{}", frontmatter().name)
}

fn uri(path: &str) -> String {
    format!("{}/{path}", root())
}

/// The lines between the first two rules of `SKILL.md`; one `key: value` a line is all that is used there.
fn frontmatter() -> SkillFrontmatter {
    let page = FILES.first().map_or("", |(_, text)| *text);
    let head = page.trim_start_matches("---\n").split("\n---\n").next();
    let field = |wanted: &str| {
        let lines = head.unwrap_or_default().lines();
        let mut pairs = lines.filter_map(|line| line.split_once(": "));
        pairs
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    SkillFrontmatter::new(field("name"), field("description"))
        .with_field("license", field("license"))
        .with_field("compatibility", field("compatibility"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_skill_keeps_to_its_format() {
        let skill = skill();
        skill.validate().unwrap();
        assert_eq!(skill.name(), "nocobase-release");
        let description = skill.frontmatter.description.chars().count();
        assert!((100..=1_024).contains(&description));
        let page = FILES[0].1;
        assert!(page.lines().count() < 500);
        // The keys of the format, and no others.
        let head = page.trim_start_matches("---\n").split("\n---\n").next().unwrap();
        let keys: Vec<_> = head.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(keys, ["name", "description", "license", "compatibility"]);
        assert!(skill.frontmatter.extra["compatibility"].as_str().unwrap().len() <= 500);
    }

    #[test]
    fn every_file_is_served_and_every_link_leads_somewhere() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../prompts/skill");
        let mut on_disk = BTreeSet::new();
        for place in ["", "references"] {
            for entry in std::fs::read_dir(folder.join(place)).unwrap() {
                let entry = entry.unwrap();
                if entry.path().is_file() {
                    let name = entry.file_name().into_string().unwrap();
                    on_disk.insert(Path::new(place).join(name).display().to_string());
                }
            }
        }
        let served: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(served, on_disk);
        for link in FILES[0].1.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            assert!(served.contains(target), "{target}");
            assert!(read(&uri(target)).is_some());
        }
    }
}
