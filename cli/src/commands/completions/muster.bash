# bash completion for muster: the words come from the program itself.
_muster() {
    local line
    local -a said=()
    # A word such as a@b:1 is one word here, whatever COMP_WORDBREAKS says; bash gets back what stands after its own break.
    local typed="${COMP_LINE:0:COMP_POINT}"
    local -a words
    read -ra words <<<"$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    local current="${words[${#words[@]}-1]}"
    local cut="${current%"${COMP_WORDS[COMP_CWORD]}"}"
    COMPREPLY=()
    mapfile -t said < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
    for line in "${said[@]}"; do
        case $line in
            :files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
            :folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
            *) line="${line%%$'\t'*}"; [[ $current != *[:=]* ]] || line="${line#"$cut"}"; COMPREPLY+=("$line") ;;
        esac
    done
}
complete -F _muster muster
