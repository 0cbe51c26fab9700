//! Portfolios, tenants and second candidate ids: hand-made histories, with what MEANING.md promises of them.

use crate::model::final_state::Outcome;
use crate::model::generate::handmade::portfolios;
use crate::view::{conversations, messages_of_apps, people, rows, state};

#[test]
fn a_portfolio_shares_people_and_not_conversations() {
    let state = state(&portfolios::user_in_two_apps());
    assert_eq!(people(&state), ["from-south number-only to-north to-south with-number"]);
    assert_eq!(conversations(&state), ["from-south to-south with-number", "number-only to-north"]);
}

#[test]
fn without_a_portfolio_a_bsuid_is_the_apps_own() {
    assert_eq!(people(&state(&portfolios::user_in_strange_apps())), ["to-alpha", "to-beta", "to-north"]);
}

#[test]
fn a_portfolio_is_one_scope_of_an_owner() {
    assert_eq!(people(&state(&portfolios::second_user_of_a_portfolio())), ["first of-alpha", "number-only stranger"]);
}

/// alpha:BR.1, alpha:BR.3 (a new owner), beta:BR.0, compass:BR.1, compass:BR.2 (another).
#[test]
fn scopes_go_before_bsuids() {
    assert_eq!(people(&state(&portfolios::scopes_at_one_second())), ["alpha-1", "alpha-3 beta-0 south-1", "north-2"]);
}

#[test]
fn scopes_compare_by_themselves() {
    assert_eq!(people(&state(&portfolios::scopes_that_begin_alike())), ["beta-1", "beta-2 beta-two-1"]);
}

#[test]
fn an_address_of_a_portfolio_is_one() {
    let state = state(&portfolios::row_of_two_apps());
    assert_eq!(rows(&state), ["compass:BR.1 5535988880006 SENT"]);
    assert_eq!(messages_of_apps(&state), ["north/m1 south/m1"]);
}

#[test]
fn what_one_app_saw_answers_for_the_other() {
    let state = state(&portfolios::seen_by_the_other_app());
    assert_eq!(rows(&state), ["5535988880006 5535988880007 USER_ID"]);
    assert_eq!(people(&state), ["[5535988880006] elsewhere gs1", "strange"]);
}

#[test]
fn a_renaming_is_of_its_scope() {
    assert_eq!(people(&state(&portfolios::renaming_by_the_other_app())), ["after before", "stranger"]);
}

#[test]
fn a_change_names_a_bsuid_of_the_portfolio() {
    assert_eq!(people(&state(&portfolios::change_by_the_other_app())), ["ana moved", "stranger"]);
}

#[test]
fn a_change_within_a_line_forgets_the_portfolio() {
    assert_eq!(people(&state(&portfolios::change_within_a_line())), ["after before", "stranger"]);
}

#[test]
fn an_alias_is_of_its_app() {
    let state = state(&portfolios::aliases_of_each_app());
    assert!(state.sends.values().all(|outcome| *outcome == Outcome::Unresolved));
    assert_eq!(rows(&state), [""; 0]);
}

#[test]
fn tenants_are_fully_apart() {
    let state = state(&portfolios::one_number_of_two_tenants());
    let expected = [
        "default:5535988880006 553588880006 INBOUND",
        "default:compass:BR.1 553588880006 USER_ID",
        "orient:5535988880006 553588880006 INBOUND",
        "orient:east:BR.1 553588880006 USER_ID",
    ];
    assert_eq!(rows(&state), expected);
    assert_eq!(messages_of_apps(&state), ["north/gs1 north/gs2 north/in1", "west/gs1 west/gs2 west/in1"]);
}

#[test]
fn news_are_of_their_tenant() {
    let state = state(&portfolios::news_of_each_tenant());
    let expected = ["north/before north/elsewhere north/gs1", "north/later", "west/before west/gs1 west/later", "west/elsewhere"];
    assert_eq!(messages_of_apps(&state), expected);
    let expected = ["default:5535988880006 5535988880006 INBOUND", "orient:5535988880006 5535988880006 INBOUND"];
    assert_eq!(rows(&state), expected);
}

#[test]
fn nobody_answers_another_tenants_message() {
    let state = state(&portfolios::reply_across_tenants());
    assert_eq!(rows(&state), [""; 0]);
    assert_eq!(messages_of_apps(&state), ["delta/in1"]);
}

#[test]
fn any_candidate_may_name_the_message() {
    let state = state(&portfolios::second_candidate_known());
    assert_eq!(rows(&state), ["5535988880006 553588880006 SENT", "5535988880007 null READ"]);
}

#[test]
fn two_candidates_may_name_two_messages() {
    let state = state(&portfolios::candidates_of_two_messages());
    assert_eq!(rows(&state), ["5535988880006 553588880006 DELIVERED", "5535988880007 553588880006 DELIVERED"]);
}
